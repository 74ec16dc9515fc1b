// Starts the client: trunk names its files, which hold their hash, in preload links. A file of its
// own, and not a script in the page, so that the page needs no exception from its security policy.

// What never changes on the page, Leptos makes of text that was compiled into the client. No other text may
// become elements (the gateway says so: require-trusted-types-for), and none of it can hold what runs.
const runs = /<(?:script|iframe|object|embed|base|link|meta)\b|\s(?:on[a-z]+|srcdoc)\s*=|javascript:/i;
globalThis.trustedTypes?.createPolicy("default", {
  createHTML(html) {
    if (runs.test(html)) throw new TypeError("this text could run");
    return html;
  },
  // The one script that is named by the client itself.
  createScriptURL(url) {
    if (new URL(url, document.baseURI).href !== new URL("sw.js", document.baseURI).href) {
      throw new TypeError("this is no script of the page");
    }
    return url;
  },
});

const script = document.querySelector('link[rel="modulepreload"]');
const wasm = document.querySelector('link[rel="preload"][type="application/wasm"]');

try {
  const client = await import(script.href);
  await client.default({ module_or_path: wasm.href });
} catch (error) {
  console.error(error);
  // Nobody is asked for a password that nothing can be done with.
  document.querySelector("#sign-in-page")?.remove();
  document.querySelector("#boot-error").hidden = false;
}
