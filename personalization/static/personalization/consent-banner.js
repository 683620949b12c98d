/* The consent banner: asks until it is answered, takes a yes or a no to all or to each purpose, and opens again from any
 * [data-affinity-consent-open]. A site with its own consent platform leaves it out and calls
 * window.affinity.consent({analytics, personalization}) instead. */
(() => {
  "use strict";
  const banner = document.querySelector("[data-affinity-consent]");
  if (!banner || !window.affinity) return;
  const part = (name) => banner.querySelector(`[data-affinity-${name}]`);
  const choices = part("choices");
  const boxes = [...choices.querySelectorAll("input")];
  const status = document.querySelector("[data-affinity-saved]");
  let opener = null;

  const close = () => {
    banner.hidden = true;
    opener?.focus();
    opener = null;
  };

  const unfold = (isOpen) => {
    choices.hidden = !isOpen;
    part("choose").setAttribute("aria-expanded", isOpen);
  };

  const toldOf = ({ reason, analytics, personalization }) => {
    if (["gpc", "dnt"].includes(reason)) return "refused";
    if (personalization === null) return "unknown";
    if (analytics !== personalization) return "some";
    return personalization ? "yes" : "no";
  };

  const open = (state, by) => {
    const told = toldOf(state);
    for (const text of banner.querySelectorAll("[data-affinity-told]")) {
      text.hidden = !text.dataset.affinityTold.split(" ").includes(told);
    }
    for (const box of boxes) box.checked = Boolean(state[box.name]);
    unfold(told === "some");
    part("editor").hidden = state.reason !== "editor";
    part("close").hidden = told === "unknown";
    part("answers").hidden = told === "refused";
    part("failure").hidden = true;
    status.textContent = "";
    banner.hidden = false;
    if (by) {
      opener = by;
      banner.focus();
    }
  };

  const answer = async (said) => {
    const of = (box) => (said === "some" ? box.checked : said === "yes");
    try {
      await window.affinity.consent(Object.fromEntries(boxes.map((box) => [box.name, of(box)])));
      close();
      status.textContent = status.dataset.affinitySaved;
    } catch {
      part("failure").hidden = false;
    }
  };

  banner.addEventListener("click", ({ target }) => {
    const { dataset } = target.closest("button") || {};
    if (!dataset) return;
    if ("affinityClose" in dataset) close();
    else if ("affinityAnswer" in dataset) answer(dataset.affinityAnswer);
    else {
      unfold(choices.hidden);
      if (!choices.hidden) boxes[0].focus();
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
