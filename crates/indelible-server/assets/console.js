/* What every page has where scripts run: keys, copying, times in the viewer's zone. Every page is
   whole without it. */
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("has-script");

  function kept(name) {
    try {
      return window.localStorage.getItem(name);
    } catch (error) {
      return null;
    }
  }

  function keep(name, value) {
    try {
      window.localStorage.setItem(name, value);
    } catch (error) {
      /* Kept for this page alone. */
    }
  }

  /* Times: as the server wrote them (UTC), in the viewer's zone, or as how long ago. */
  var ZONE = "indelible-times";
  var WAYS = ["utc", "local", "ago"];
  var NAMES = { utc: "UTC", local: "this browser's zone", ago: "how long ago" };

  function two(number) {
    return (number < 10 ? "0" : "") + number;
  }

  function local(date) {
    var offset = -date.getTimezoneOffset();
    var ahead = Math.abs(offset);
    return date.getFullYear() + "-" + two(date.getMonth() + 1) + "-" + two(date.getDate()) + " " +
      two(date.getHours()) + ":" + two(date.getMinutes()) + ":" + two(date.getSeconds()) +
      (offset < 0 ? " −" : " +") + two(Math.floor(ahead / 60)) + ":" + two(ahead % 60);
  }

  function ago(date) {
    var seconds = Math.round((Date.now() - date.getTime()) / 1000);
    var far = Math.abs(seconds);
    var units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    for (var at = 0; at < units.length; at += 1) {
      if (far >= units[at][0]) {
        var text = Math.floor(far / units[at][0]) + " " + units[at][1];
        return seconds < 0 ? "in " + text : text + " ago";
      }
    }
    return "now";
  }

  function showTimes(within) {
    var way = kept(ZONE);
    if (WAYS.indexOf(way) < 0) {
      way = "utc";
    }
    var times = within.querySelectorAll("time[datetime]");
    for (var at = 0; at < times.length; at += 1) {
      var time = times[at];
      if (time.dataset.utc === undefined) {
        time.dataset.utc = time.textContent;
      }
      var date = new Date(time.getAttribute("datetime"));
      if (way === "utc" || isNaN(date.getTime())) {
        time.textContent = time.dataset.utc;
      } else {
        time.textContent = way === "local" ? local(date) : ago(date);
      }
    }
    return way;
  }

  function setUpTimes() {
    var place = document.querySelector("[data-zone-note]");
    var way = showTimes(document);
    if (!place) {
      return;
    }
    var button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    function name(way) {
      button.textContent = "shown as " + NAMES[way] + " (t)";
    }
    button.addEventListener("click", function () {
      keep(ZONE, WAYS[(WAYS.indexOf(way) + 1) % WAYS.length]);
      way = showTimes(document);
      name(way);
    });
    name(way);
    place.textContent = ", ";
    place.appendChild(button);
  }

  /* Copying: an element with data-copy copies the text of the element that it names by id. */
  function setUpCopying() {
    document.addEventListener("click", function (event) {
      var button = event.target.closest && event.target.closest("[data-copy]");
      if (!button || !navigator.clipboard) {
        return;
      }
      var from = document.getElementById(button.dataset.copy);
      if (!from) {
        return;
      }
      navigator.clipboard.writeText(from.textContent).then(function () {
        var said = button.textContent;
        button.textContent = "Copied";
        window.setTimeout(function () {
          button.textContent = said;
        }, 1500);
      });
    });
  }

  /* Keys. */
  var KEYS = [
    ["j / k", "next and previous row"],
    ["Enter", "open the row"],
    ["/", "to the filters"],
    ["Esc", "out of a field, and close what is open"],
    ["n", "newer page"],
    ["o", "older page"],
    ["l", "live"],
    ["t", "times: UTC, local, how long ago"],
    ["g e", "events"],
    ["g i", "integrity"],
    ["g t", "trails"],
    ["?", "this list"]
  ];

  function showKeys() {
    var dialog = document.querySelector("dialog[data-keys]");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.dataset.keys = "";
      dialog.setAttribute("aria-labelledby", "keys-title");
      var title = document.createElement("h2");
      title.id = "keys-title";
      title.textContent = "Keyboard";
      var list = document.createElement("dl");
      list.className = "facts";
      KEYS.forEach(function (pair) {
        var term = document.createElement("dt");
        var key = document.createElement("kbd");
        key.textContent = pair[0];
        term.appendChild(key);
        var what = document.createElement("dd");
        what.textContent = pair[1];
        list.appendChild(term);
        list.appendChild(what);
      });
      var form = document.createElement("form");
      form.method = "dialog";
      var close = document.createElement("button");
      close.className = "button";
      close.textContent = "Close";
      form.appendChild(close);
      dialog.appendChild(title);
      dialog.appendChild(list);
      dialog.appendChild(form);
      document.body.appendChild(dialog);
    }
    if (!dialog.open) {
      dialog.showModal();
    }
  }

  function follow(selector) {
    var link = document.querySelector(selector);
    if (link) {
      link.click();
    }
    return Boolean(link);
  }

  function moveRow(step) {
    var rows = Array.prototype.slice.call(document.querySelectorAll("tbody tr")).filter(function (row) {
      return row.querySelector("a");
    });
    if (rows.length === 0) {
      return;
    }
    var here = rows.findIndex(function (row) {
      return row.contains(document.activeElement);
    });
    var next = here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step;
    if (next >= 0 && next < rows.length) {
      (rows[next].querySelector("a.entry") || rows[next].querySelector("a")).focus();
    }
  }

  /* Leaves a field; else closes what is open, around the focus or anywhere on the page. Dialogs are
     the browser's own. */
  function escape(at) {
    var isField = at.closest && at.closest("input, textarea, select");
    if (isField) {
      at.blur();
      return true;
    }
    var around = at.closest && at.closest(".menu[open], .filters details[open]");
    var open = around || document.querySelector(".menu[open], .filters details[open]");
    if (!open) {
      return false;
    }
    open.open = false;
    if (open.contains(at)) {
      open.querySelector("summary").focus();
    }
    return true;
  }

  var going = false;

  function pressed(event) {
    var at = event.target;
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) {
      going = false;
      escape(at);
      return;
    }
    var isTyping = at.closest && at.closest("input, textarea, select, dialog, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    var key = event.key;
    var done = true;
    if (going) {
      going = false;
      var ways = { e: "/events", i: "/integrity" };
      if (key === "t") {
        window.location.assign("/console");
      } else if (ways[key]) {
        follow(".trail-bar a[href$='" + ways[key] + "']");
      }
    } else if (key === "?") {
      showKeys();
    } else if (key === "j") {
      moveRow(1);
    } else if (key === "k") {
      moveRow(-1);
    } else if (key === "/") {
      var field = document.querySelector("form[role='search'] input:not([type='hidden'])");
      if (field) {
        field.focus();
      }
    } else if (key === "o") {
      done = follow("a[rel='next']");
    } else if (key === "n") {
      done = follow("a[rel='prev']");
    } else if (key === "l") {
      /* On other pages than the newest: there, live at once. */
      done = follow("[data-tail], a[data-live]");
    } else if (key === "t") {
      done = follow("[data-zone-note] button");
    } else if (key === "g") {
      going = true;
    } else {
      done = false;
    }
    if (done) {
      event.preventDefault();
    }
  }

  setUpTimes();
  setUpCopying();
  document.addEventListener("keydown", pressed);
  document.addEventListener("click", function (event) {
    if (event.target.closest && event.target.closest("[data-shows-keys]")) {
      showKeys();
    }
  });
  /* Other scripts of the console show times as this one does. */
  window.IndelibleConsole = { showTimes: showTimes };
})();
