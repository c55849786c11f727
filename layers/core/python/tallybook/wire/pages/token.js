
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
