// Invisible. Tells Python once the hand at the editing panel has come to rest, so that what takes longer than the
// ranking is drawn for the last of many quick changes and not for each of them.

const REST_MS = 150;

export default function ({ setTriggerValue }) {
  let timer = null;
  const edited = () => {
    clearTimeout(timer);
    timer = setTimeout(() => setTriggerValue("rested", true), REST_MS);
  };
  window.addEventListener("glassboard:edited", edited);
  return () => {
    // A redraw in between must not swallow the word that is still to be said.
    window.removeEventListener("glassboard:edited", edited);
  };
}
