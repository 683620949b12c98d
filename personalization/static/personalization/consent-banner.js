/* The consent banner: asks once a session, takes a yes or a no, and opens again from any
 * [data-affinity-consent-open]. A site with its own consent platform leaves it out and calls
 * window.affinity.consent() instead. */
(() => {
  "use strict";
  const banner = document.querySelector("[data-affinity-consent]");
  if (!banner || !window.affinity) return;
  const answers = banner.querySelector("[data-affinity-answers]");
  const failure = banner.querySelector("[data-affinity-failure]");
  let opener = null;

  const close = () => {
    banner.hidden = true;
    opener?.focus();
    opener = null;
  };

  const open = (state, by) => {
    const isRefused = ["gpc", "dnt"].includes(state.reason);
    const told = isRefused ? "refused" : state.personalization === null ? "unknown" : state.personalization ? "yes" : "no";
    for (const text of banner.querySelectorAll("[data-affinity-told]")) {
      text.hidden = !text.dataset.affinityTold.split(" ").includes(told);
    }
    banner.querySelector("[data-affinity-editor]").hidden = state.reason !== "editor";
    banner.querySelector("[data-affinity-close]").hidden = told === "unknown";
    answers.hidden = isRefused;
    failure.hidden = true;
    banner.hidden = false;
    if (by) {
      opener = by;
      banner.focus();
    }
  };

  banner.addEventListener("click", async ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if ("affinityClose" in button.dataset) return close();
    try {
      await window.affinity.consent({ personalization: button.dataset.affinityAnswer === "yes" });
      close();
    } catch {
      failure.hidden = false;
    }
  });

  banner.addEventListener("keydown", ({ key }) => {
    if (key === "Escape" && opener) close();
  });

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-affinity-consent-open]");
    if (!button) return;
    try {
      open(await window.affinity.consent(), button);
    } catch {
      /* The site cannot be reached: there is nothing to choose now. */
    }
  });

  window.affinity.consent().then(
    (state) => {
      if (state.personalization === null && state.reason !== "bot") open(state);
    },
    () => {},
  );
})();
