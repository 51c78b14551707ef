/* How far a verification is: asks the server each second, and goes on to what it came to. The page
   says the same without it, whenever it is loaded again. */
(function () {
  "use strict";
  var PACE_MS = 1000;
  var SLOW_PACE_MS = 5000;

  function start(section) {
    var bar = section.querySelector("progress");
    var said = section.querySelector("[data-said]");
    var trouble = section.querySelector("[data-trouble]");

    function ask() {
      window.fetch(section.dataset.verification, {
        cache: "no-store", credentials: "same-origin", headers: { accept: "application/json" }
      }).then(function (answer) {
        if (!answer.ok) {
          throw new Error("the server answers " + answer.status);
        }
        return answer.json();
      }).then(function (found) {
        if (!found.is_running) {
          window.location.replace(section.dataset.next);
          return;
        }
        trouble.hidden = true;
        bar.max = found.size;
        bar.value = found.entries;
        said.textContent = found.said;
        window.setTimeout(ask, PACE_MS);
      }).catch(function (error) {
        trouble.textContent = "How far it is cannot be seen for now: " + error.message +
          ". It goes on all the same.";
        trouble.hidden = false;
        window.setTimeout(ask, SLOW_PACE_MS);
      });
    }

    window.setTimeout(ask, PACE_MS);
  }

  document.querySelectorAll("[data-verification]").forEach(start);
})();
