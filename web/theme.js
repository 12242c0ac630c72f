// Light, dark, or dim for a dark room; the choice stays on this machine.
import {byId} from './dom.js';

const themes = ['auto', 'light', 'dark', 'dim'];
const stored = () => localStorage.getItem('theme') || 'auto';
const apply = theme => { document.documentElement.dataset.theme = theme; };

apply(stored());
export function offerThemes() {
  byId('theme').onclick = () => {
    const next = themes[(themes.indexOf(stored()) + 1) % themes.length];
    localStorage.setItem('theme', next);
    apply(next);
    byId('theme').textContent = `theme: ${next}`;
  };
}
