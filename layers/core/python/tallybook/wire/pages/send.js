
"use strict";

const form = document.querySelector("form");
const message = document.querySelector("#message");
const TRY_AGAIN = "That did not work. Please try again in a moment.";

function say(text, kind = "") {
  message.textContent = text;
  message.className = kind;
}

// What went wrong, in words for the reader; nothing if all went well.
async function send(path, content) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      body: JSON.stringify(content),
    });
    return answer.ok ? "" : (await answer.json()).error.message || TRY_AGAIN;
  } catch {
    return TRY_AGAIN;
  }
}

async function submit(path, content, done) {
  const button = form.querySelector("button");
  button.disabled = true;
  say("One moment …");
  const problem = await send(path, content);
  button.disabled = false;
  form.hidden = !problem;
  say(problem || done, problem ? "error" : "done");
  message.focus();
  return !problem;
}
