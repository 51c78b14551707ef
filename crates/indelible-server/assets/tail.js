/* Live tail: entries that match the page's filters, as they are recorded, above those it has. */
(function () {
  "use strict";
  var ROWS_MAX = 200;
  var button = document.querySelector("[data-tail]");
  var body = document.querySelector("[data-rows]");
  var said = document.querySelector("[data-count]");
  if (!button || !body || typeof window.EventSource !== "function") {
    return;
  }
  /* A page that leads here with this asks for the live view at once. */
  var AT_ONCE = "#live";
  var base = window.location.pathname.replace(/\/events$/, "");
  var before = said ? said.textContent : "";
  var source = null;
  var fresh = 0;
  /* Where to go on: after the last entry that was shown, or else where the page ends. */
  var next = null;

  function grouped(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  }

  function address() {
    var url = new URL(button.dataset.tail, window.location.href);
    if (next !== null) {
      url.searchParams.set("from", String(next));
    }
    return url;
  }

  function say(text) {
    if (said) {
      said.textContent = text;
    }
  }

  function text(tag, content, className) {
    var element = document.createElement(tag);
    element.textContent = content;
    if (className) {
      element.className = className;
    }
    return element;
  }

  function link(path, content, className) {
    var element = document.createElement("a");
    element.href = path;
    element.appendChild(text("bdi", content));
    if (className) {
      element.className = className;
    }
    return element;
  }

  function cell(row, children, className) {
    var element = row.insertCell();
    if (className) {
      element.className = className;
    }
    children.forEach(function (child) {
      element.append(child);
    });
  }

  /* The seq of a row's entry, as its link has it. */
  function seqOf(row) {
    return /\/events\/(\d+)$/.exec(row.querySelector("a.entry").pathname)[1];
  }

  /* Takes away what is past the most rows, and leads on from the last one that stays: to the page
     of the trail as it was before that row's entry. */
  function trim() {
    if (body.rows.length <= ROWS_MAX) {
      return;
    }
    while (body.rows.length > ROWS_MAX) {
      body.deleteRow(-1);
    }
    var pager = document.querySelector("nav.pager");
    var older = pager && pager.querySelector("a[rel='next']");
    var url = new URL(older ? older.href : window.location.href);
    url.searchParams.delete("cursor");
    url.searchParams.set("as_of", seqOf(body.rows[body.rows.length - 1]));
    url.hash = "";
    if (pager && !older) {
      older = text("a", "Older", "button quiet");
      older.rel = "next";
      pager.append(older);
    }
    if (older) {
      older.href = url.pathname + url.search;
    }
  }

  /* What is exported is what the page shows, and so what was recorded up to the newest row. */
  function exportTo(size) {
    document.querySelectorAll("[data-exports] a").forEach(function (link) {
      var url = new URL(link.href);
      url.searchParams.set("as_of", String(size));
      link.href = url.pathname + url.search;
    });
  }

  /* What the page says of itself while it is not live. */
  function standing() {
    if (next === null) {
      return before;
    }
    var count = body.rows.length;
    return grouped(count) + (count === 1 ? " event" : " events") + " listed, newest first, as of " +
      grouped(next) + " entries in the trail";
  }

  function show(entry) {
    var row = document.createElement("tr");
    row.className = "fresh";
    var time = text("time", entry.occurred_at.slice(0, 19).replace("T", " "));
    time.setAttribute("datetime", entry.occurred_at);
    time.title = entry.occurred_at;
    cell(row, [time], "when");
    cell(row, [link(base + "/events/" + entry.seq, entry.action, "entry")]);
    cell(row, [text("span", entry.outcome, "outcome " + entry.outcome)]);
    cell(row, [entry.user_id === null ? text("span", "none", "absent") : entry.user_id === "none" ? text("bdi", "none")
      : link(base + "/user?" + new URLSearchParams({ id: entry.user_id }), entry.user_id)]);
    var resource = [text("span", entry.resource_type, "kind")];
    if (entry.resource_id !== null) {
      var about = new URLSearchParams({ type: entry.resource_type, id: entry.resource_id });
      resource.push(" ", link(base + "/resource?" + about, entry.resource_id));
    }
    cell(row, resource);
    cell(row, [text("bdi", entry.ip_address === null ? "" : entry.ip_address)]);
    cell(row, [grouped(entry.seq)], "number");
    body.insertBefore(row, body.firstChild);
    trim();
    exportTo(entry.seq + 1);
    if (window.IndelibleConsole) {
      window.IndelibleConsole.showTimes(row);
    }
    body.closest(".table-box").classList.remove("empty");
    var empty = document.querySelector("[data-empty]");
    if (empty) {
      empty.hidden = true;
    }
  }

  function stop(why) {
    if (source) {
      source.close();
    }
    source = null;
    button.setAttribute("aria-pressed", "false");
    say(why);
  }

  function start() {
    fresh = 0;
    source = new EventSource(address());
    button.setAttribute("aria-pressed", "true");
    say("Live: waiting for events");
    source.onmessage = function (event) {
      var entry;
      try {
        entry = JSON.parse(event.data);
      } catch (error) {
        return;
      }
      fresh += 1;
      next = entry.seq + 1;
      show(entry);
      say("Live: " + grouped(fresh) + (fresh === 1 ? " new event" : " new events"));
    };
    source.addEventListener("problem", function (event) {
      var problem;
      try {
        problem = JSON.parse(event.data);
      } catch (error) {
        return;
      }
      stop("The live view ended: " + problem.detail);
    });
    source.onerror = function () {
      if (source && source.readyState === EventSource.CLOSED) {
        stop("The live view ended: the session may be over. Reload the page.");
      } else {
        say("Live: the connection was lost, trying again");
      }
    };
    source.onopen = function () {
      if (fresh === 0) {
        say("Live: waiting for events");
      }
    };
  }

  button.addEventListener("click", function () {
    if (source) {
      stop(standing());
    } else {
      start();
    }
  });
  if (window.location.hash === AT_ONCE) {
    /* Not again where the page is loaded again. */
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    start();
  }
})();
