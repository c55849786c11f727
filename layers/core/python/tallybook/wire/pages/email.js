
let token = "";

// Browsers send no fragment to the server. Removing it keeps the token out of the history and of screenshots.
function takeToken() {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
  }
  form.hidden = !token;
  showMessage(token ? "" : "This link is not complete. Please open it from the mail again.", "error");
}

function done(result) {
  if (result.data.status === "completed") return "Thank you. Both addresses have confirmed: the email address is changed.";
  return `Thank you. The email address changes when ${result.data.pending_email} has confirmed too.`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit("/v1/user-management/account/confirm-email-change", { token }, done);
});

addEventListener("hashchange", takeToken);
takeToken();
