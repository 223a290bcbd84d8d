// Writes times, durations and numbers for people. Times are in the browser's own time zone.

const TIME = new Intl.DateTimeFormat("sv-SE", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const NUMBER = new Intl.NumberFormat();

export const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Write a time as 2026-11-20 09:15:02. */
export function time(moment) {
  return TIME.format(new Date(moment));
}

/** Write the time between two timestamps as 4:05 or 1:02:05. Return "" if one of them is missing. */
export function duration(start, end) {
  if (!start || !end) return "";
  const seconds = Math.max(0, Math.round((new Date(end) - new Date(start)) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Write an integer with separators. */
export function number(value) {
  return NUMBER.format(value);
}

/** Write one of Connect's words, such as QUEUE_TRANSFER, as "Queue transfer". */
export function word(text) {
  const words = (text ?? "").replaceAll("_", " ").toLowerCase();
  const sentence = words && words[0].toUpperCase() + words.slice(1);
  return sentence.replace(/^Webrtc/, "WebRTC").replace(/\bapi\b/i, "API");
}
