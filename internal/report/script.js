
"use strict";
(function () {
  var bar = document.getElementById("tools");
  var box = document.getElementById("filter");
  var said = document.getElementById("said");
  var rows = Array.prototype.slice.call(document.querySelectorAll(".row"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  bar.hidden = false;

  function apply() {
    var words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    rows.forEach(function (row, i) {
      var fits = words.every(function (word) { return texts[i].includes(word); });
      row.hidden = !fits;
      if (fits) { shown += 1; }
    });
    said.textContent = words.length === 0 ? "" : shown + " of " + rows.length + " entries";
  }
  var waiting = 0;
  box.addEventListener("input", function () {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(apply, 120);
  });
  box.addEventListener("keydown", function (e) {
    if (e.key === "Escape") { box.value = ""; apply(); }
  });

  function all(open) {
    document.querySelectorAll("details").forEach(function (d) { d.open = open; });
  }
  document.getElementById("open").addEventListener("click", function () { all(true); });
  document.getElementById("close").addEventListener("click", function () { all(false); });

  // A link into what is closed or filtered out opens it.
  function reveal() {
    var at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (at === null) { return; }
    if (at.closest("[hidden]") !== null) { box.value = ""; apply(); }
    for (var e = at; e !== null; e = e.parentElement) {
      if (e.tagName === "DETAILS") { e.open = true; }
    }
    at.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  reveal();

  // Closed details would be missing on paper.
  var closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    all(true);
  });
  window.addEventListener("afterprint", function () {
    closed.forEach(function (d) { d.open = false; });
  });
}());
