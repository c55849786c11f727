
"use strict";

const form = document.querySelector("form");
const message = document.querySelector("#message");
const TRY_AGAIN = "That did not work. Please try again in a moment.";

function say(text, kind = "") {
  message.textContent = text;
  message.className = kind;
}

function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

// What was answered, and what went wrong, in words for the reader: nothing if all went well.
async function send(path, content) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      body: JSON.stringify(content),
    });
    const told = await answer.json();
    return { told, problem: answer.ok ? "" : sentence(told.message || told.error.message || TRY_AGAIN) };
  } catch {
    return { problem: TRY_AGAIN };
  }
}

// A link that does not hold stays so, however often it is tried.
function isOver(told) {
  return Boolean(told) && (told.code || told.error?.code) === "invalid_token";
}

// `done` is what to say once it is done, or makes it of what was answered.
async function submit(path, content, done) {
  const button = form.querySelector("button");
  button.disabled = true;
  say("One moment …");
  const { told, problem } = await send(path, content);
  button.disabled = false;
  form.hidden = !problem || isOver(told);
  say(problem || (typeof done === "function" ? done(told) : done), problem ? "error" : "done");
  message.focus();
  return !problem;
}
