
let token = "";

// The fragment reaches no server; out of the address bar, it reaches no history and no picture of the screen either.
function takeToken() {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
  }
  form.hidden = !token;
  say(token ? "" : "This link is not complete. Please open it from the mail again.", "error");
}

function done(told) {
  if (told.data.status === "completed") return "Thank you. Both addresses agreed: the email address is changed.";
  return `Thank you. The change is made as soon as ${told.data.pending_email} agrees, too.`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit("/v1/user-management/account/confirm-email-change", { token }, done);
});

addEventListener("hashchange", takeToken);
takeToken();
