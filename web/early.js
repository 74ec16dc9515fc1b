// Runs before anything is painted, while the program is on its way.

// Whoever is signed in does not see the form first. The key is that of web/src/io/kept.rs.
try {
  const kept = sessionStorage.getItem("netchat.session") ?? localStorage.getItem("netchat.session");
  if (kept !== null) document.documentElement.classList.add("is-resuming");
} catch {
  // A browser that keeps nothing.
}

// Enter is remembered for the program. No browser sends the form itself.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "sign-in") return;
  event.preventDefault();
  event.target.dataset.submitted = "";
});
