/*
 * While segments are being learned: asks how far that is, and shows the report anew when it is done.
 */
(() => {
  const box = document.querySelector("[data-affinity-progress]");
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  const watch = async () => {
    for (let delay = 1000; ; delay = Math.min(delay * 1.2, 5000)) {
      await pause(delay);
      try {
        const response = await fetch(box.dataset.affinityProgress, { credentials: "same-origin" });
        if (response.status === 204) {
          window.location.reload();
          return;
        }
        if (response.ok) box.innerHTML = await response.text();
      } catch {
        // Offline: the next look may get through.
      }
    }
  };

  if (box) watch();
})();
