/** Sets the chosen colours before anything is painted, so that a page does not flash in the other ones. */
const kept = localStorage.getItem("ipx-theme");
const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.dataset.theme = dark ? "dark" : "light";
