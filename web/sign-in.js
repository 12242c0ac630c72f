// A small dialog for staff id and PIN; resolves to true once somebody is signed in.
import {postSignIn, postSignOut, get} from './api.js';
import {byId, el} from './dom.js';

let me = null;

export async function showWho() {
  me = await get('/api/me').catch(() => null);
  const button = byId('who');
  button.textContent = me ? `${me.staff} (${me.role}), sign out` : 'sign in';
  button.onclick = async () => {
    if (me) await postSignOut().catch(() => null);
    else await signIn();
    await showWho();
  };
}

export function signIn() {
  return new Promise(resolve => {
    const staff = el('input', {name: 'staff', autocomplete: 'username', required: true});
    const pin = el('input', {name: 'pin', type: 'password', autocomplete: 'current-password', required: true});
    const said = el('p', {class: 'said', role: 'alert'});
    const form = el('form', {method: 'dialog'}, el('h2', {}, 'Who is acting?'), el('label', {}, 'Staff id ', staff),
      el('label', {}, 'PIN ', pin), said,
      el('div', {class: 'actions'}, el('button', {class: 'primary'}, 'sign in'),
        el('button', {type: 'button', onclick: () => done(false)}, 'cancel')));
    const dialog = el('dialog', {}, form);
    const done = value => {
      dialog.remove();
      resolve(value);
    };
    form.addEventListener('submit', async event => {
      event.preventDefault();
      try {
        await postSignIn(staff.value.trim(), pin.value);
        await showWho();
        done(true);
      } catch (error) {
        said.textContent = error.message;
        pin.value = '';
        pin.focus();
      }
    });
    dialog.addEventListener('cancel', () => done(false));
    document.body.append(dialog);
    dialog.showModal();
    staff.focus();
  });
}
