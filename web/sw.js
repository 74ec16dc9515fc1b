// Keeps the page's files, so that it opens without a connection. `cargo xtask web` puts the version
// and the files into the next two lines.
const VERSION = "none";
const FILES = ["./"];

const CACHE = `netchat-${VERSION}`;
const PAGE = new URL("./", self.location).href;

self.addEventListener("install", (event) => {
  const fresh = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("netchat-") && name !== CACHE) await caches.delete(name);
    }
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

// The page asks for it when the person has said so; until then the version before goes on.
self.addEventListener("message", (event) => {
  if (event.data === "activate") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(PAGE)) return;
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(request.mode === "navigate" ? PAGE : request, { ignoreSearch: request.mode === "navigate" });
    if (kept) return kept;
    const fresh = await fetch(request);
    // Files that are wanted later are kept once they were.
    if (fresh.ok && /\/emoji\.\w+\.txt$/.test(request.url)) await cache.put(request, fresh.clone());
    return fresh;
  };
  event.respondWith(answer());
});

const open = async (address) => {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((page) => page.url.startsWith(PAGE));
  if (!page) return self.clients.openWindow(PAGE + address);
  await page.focus();
  return page.navigate ? page.navigate(PAGE + address) : undefined;
};

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});
