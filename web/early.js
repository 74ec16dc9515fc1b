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
const wanted = [language ?? "", ...navigator.languages];
const spoken = wanted.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => LANGUAGES.includes(tag));
root.lang = spoken ?? "en";
document.addEventListener("readystatechange", () => {
  for (const said of document.querySelectorAll(`[data-${spoken}]`)) said.textContent = said.dataset[spoken];
}, { once: true });

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
