
function done(result) {
  if (result.data.status === "completed") return "Thank you. Both addresses have confirmed: the email address is changed.";
  return `Thank you. The email address changes when ${result.data.pending_email} has confirmed too.`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit("/v1/user-management/account/confirm-email-change", { token }, done).then(showNextStep);
});

addEventListener("hashchange", takeToken);
takeToken();
