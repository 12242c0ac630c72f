// Ages and countdowns.  The server's clock is the clinic's; a page only counts from what it was told.
let offset = 0;
export const setServerTime = ms => { offset = ms - Date.now(); };
export const now = () => Date.now() + offset;

export function age(ms) {
  const s = Math.max(0, Math.round((now() - ms) / 1000));
  if (s < 60) return `${s} s`;
  const m = Math.floor(s / 60);
  return m < 60 ? `${m} m` : `${Math.floor(m / 60)} h ${m % 60} m`;
}

export function until(ms) {
  const s = Math.round((ms - now()) / 1000);
  const size = Math.abs(s), text = size < 90 ? `${size} s` : `${Math.round(size / 60)} m`;
  return s < 0 ? `${text} late` : `in ${text}`;
}

let zone = 0;
export const setZone = minutes => { zone = minutes; };
export const clock = ms => new Date(ms + zone * 60000).toISOString().slice(11, 16);
