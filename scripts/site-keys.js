// A script of the site: typedoc opens the menu of a narrow page by a mouse alone; here the keyboard opens it, goes into
// it, and closes it by Escape.
addEventListener("click", ({ target, detail }) => {
  const trigger = target.closest("#tsd-toolbar-menu-trigger");
  if (!trigger || detail > 0) return;
  trigger.dispatchEvent(new MouseEvent("mouseup"));
  requestAnimationFrame(() => document.querySelector(".site-menu a")?.focus());
});

addEventListener("keydown", ({ key }) => {
  if (key !== "Escape" || !document.documentElement.classList.contains("has-menu")) return;
  document.body.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
  document.querySelector("#tsd-toolbar-menu-trigger")?.focus();
});
