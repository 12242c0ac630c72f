// One question in a dialog; resolves to the text, or null when it was given up.
import {el} from './dom.js';

export function ask(title, hint, value, choices = []) {
  return new Promise(resolve => {
    const input = el('input', {value, 'aria-label': title});
    const form = el('form', {method: 'dialog'}, el('h2', {}, title), input, el('p', {class: 'hint'}, hint),
      choices.length ? el('div', {class: 'actions'}, choices.map(c => el('button', {type: 'button', onclick: () => { input.value = c; input.focus(); }}, c))) : null,
      el('div', {class: 'actions'}, el('button', {class: 'primary'}, 'record'), el('button', {type: 'button', onclick: () => done(null)}, 'cancel')));
    const dialog = el('dialog', {}, form);
    const done = answer => { dialog.remove(); resolve(answer); };
    form.addEventListener('submit', event => { event.preventDefault(); done(input.value.trim()); });
    dialog.addEventListener('cancel', () => done(null));
    document.body.append(dialog);
    dialog.showModal();
    input.focus();
    input.select();
  });
}

export function help() {
  const rows = [['0-9', 'begin vital signs: 128/78 72 98 14'], ['v', 'vital signs'], ['e', 'event: symptom and severity'], ['n', 'note'],
    ['s', 'start'], ['r', 'rate'], ['p', 'hold'], ['u', 'resume'], ['x', 'stop'], ['d', 'discharge'], ['a', 'acknowledge the first alarm'], ['z', 'undo the last entry (10 s)'], ['b', 'board']];
  const dialog = el('dialog', {}, el('form', {method: 'dialog'}, el('h2', {}, 'Keys'),
    el('dl', {class: 'keys'}, rows.flatMap(([key, word]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, word)])), el('button', {class: 'primary'}, 'close')));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
