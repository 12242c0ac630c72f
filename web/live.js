// One stream of changes for all open tabs: a browser allows six connections to a host, so the tab that holds the lock
// listens and tells the others.  Every tab knows by its own clock when it last heard anything.
import {byId} from './dom.js';

const channel = new BroadcastChannel('racemate-live');
const listeners = [];
let heard = Date.now();

function tell(message) {
  heard = Date.now();
  if (message.kind !== 'beat') listeners.forEach(listener => listener(message));
}

function listen() {
  const stream = new EventSource('/api/live');
  const pass = kind => event => {
    const message = {kind, ...(event.data ? JSON.parse(event.data) : {})};
    tell(message);
    channel.postMessage(message);
  };
  for (const kind of ['board', 'session', 'resync', 'tick']) stream.addEventListener(kind, pass(kind));
  stream.onopen = pass('resync');
  // Comments are not seen by scripts, so the health of the server is asked for as well.
  setInterval(async () => {
    const health = await fetch('/api/health').then(r => r.ok && r.json()).catch(() => null);
    if (health) pass('beat')({data: JSON.stringify(health)});
  }, 5000);
}

channel.onmessage = event => tell(event.data);
navigator.locks.request('racemate-live', () => {
  listen();
  return new Promise(() => {}); // held until this tab closes
});

export const onChange = listener => listeners.push(listener);
export const silence = () => Date.now() - heard;

// A banner when nothing was heard: an open page is no proof of life.
export function watchSilence() {
  const banner = byId('stale');
  const quiet = silence() > 15000;
  banner.hidden = !quiet;
  if (quiet) banner.textContent = `NO DATA for ${Math.round(silence() / 1000)} s: look at the bedside monitor, check server and network`;
  byId('armed').textContent = quiet ? 'ALARMS NOT SEEN' : `alarms armed, heard ${Math.round(silence() / 1000)} s ago`;
}
