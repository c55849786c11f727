
const password = document.querySelector("#password");
const again = document.querySelector("#again");
let token = "";

// Browsers send no fragment to the server. Removing it keeps the token out of the history and of screenshots.
function takeToken() {
  if (location.hash.length > 1) {
    token = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
  }
  form.hidden = !token;
  showMessage(token ? "" : "This link is not complete. Please open it from the mail again.", "error");
  if (token) password.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (password.value !== again.value) {
    showMessage("The two passwords are not the same.", "error");
    again.focus();
    return;
  }
  const done = "Your password is set. You can sign in with it now.";
  if (await submit("/auth/password/confirm", { token, password: password.value }, done)) {
    document.querySelector("#another").hidden = true;
    form.reset();
  }
});

addEventListener("hashchange", takeToken);
takeToken();
