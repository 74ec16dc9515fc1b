// Runs before anything is painted, while the program is on its way.

// Whoever is signed in does not see the form first. The key is that of web/src/io/kept.rs.
try {
  const kept = sessionStorage.getItem("netchat.session") ?? localStorage.getItem("netchat.session");
  if (kept !== null) document.documentElement.classList.add("is-resuming");
} catch {
  // A browser that keeps nothing.
}

// The form speaks the language that is set, or that the browser wants, until the program says the words itself:
// web/src/words/mod.rs, and web/src/store/settings.rs for how it is kept.
const LANGUAGES = ["en", "de"];
let wanted = navigator.languages;
try {
  wanted = [localStorage.getItem("netchat.settings")?.split("#")[2] ?? "", ...wanted];
} catch {
  // A browser that keeps nothing.
}
const spoken = wanted.map((tag) => tag.split("-")[0].toLowerCase()).find((tag) => LANGUAGES.includes(tag));
document.documentElement.lang = spoken ?? "en";
document.addEventListener("readystatechange", () => {
  for (const said of document.querySelectorAll(`[data-${spoken}]`)) said.textContent = said.dataset[spoken];
}, { once: true });

// Enter is remembered for the program. No browser sends the form itself.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "sign-in") return;
  event.preventDefault();
  event.target.dataset.submitted = "";
});
