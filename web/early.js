// Runs before anything is painted, while the program is on its way.

// Whoever is signed in does not see the form first, and nobody the wrong theme. The keys are those of
// web/src/io/kept.rs.
const root = document.documentElement;
let theme, language;
try {
  const kept = sessionStorage.getItem("netchat.session") ?? localStorage.getItem("netchat.session");
  if (kept !== null) root.classList.add("is-resuming");
  [theme, , language] = localStorage.getItem("netchat.settings")?.split("#") ?? [];
} catch {
  // A browser that keeps nothing.
}

// The form speaks the language that is set, or that the browser wants, until the program says the words itself:
// web/src/words/mod.rs, and web/src/store/settings.rs for how it is kept.
const LANGUAGES = ["en", "de"];
const speak = () => {
  const wanted = [language ?? "", ...navigator.languages];
  const spoken = wanted.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => LANGUAGES.includes(tag));
  root.lang = spoken ?? "en";
  for (const said of document.querySelectorAll("[data-say]")) {
    said.dataset.en ??= said.textContent;
    said.textContent = said.dataset[root.lang];
  }
};
speak();
document.addEventListener("readystatechange", () => {
  speak();
  document.querySelector("#language").value = language ?? "";
}, { once: true });
// What is chosen there now, the program keeps when it is there, and does this itself from then on.
document.addEventListener("change", (event) => {
  if (event.target.id !== "language") return;
  language = event.target.value;
  speak();
});

// What was chosen holds, or else what the system prefers. The program changes what was chosen.
if (theme === "light" || theme === "dark") root.dataset.theme = theme;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const followTheme = () => {
  const { theme } = root.dataset;
  root.classList.toggle("is-dark", theme === "dark" || (theme !== "light" && prefersDark.matches));
};
followTheme();
prefersDark.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(root, { attributeFilter: ["data-theme"] });

// Enter is remembered for the program. No browser sends the form itself.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "sign-in") return;
  event.preventDefault();
  event.target.dataset.submitted = "";
});
