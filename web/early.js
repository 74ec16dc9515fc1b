// Runs before anything is painted, while the program is on its way.

// Whoever is signed in does not see the form first, and nobody the wrong theme. The keys are those of
// web/src/io/kept.rs.
const root = document.documentElement;
try {
  const kept = sessionStorage.getItem("netchat.session") ?? localStorage.getItem("netchat.session");
  if (kept !== null) root.classList.add("is-resuming");
  const [theme] = localStorage.getItem("netchat.settings")?.split("#") ?? [];
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
} catch {
  // A browser that keeps nothing.
}

// What was chosen holds, or else what the system prefers. The program changes what was chosen.
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
