// Asks the server.  A refusal comes back as an Error with detail, hint and field.
import {signIn} from './sign-in.js';

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  const error = new Error(body.detail || body.title || response.statusText);
  Object.assign(error, {status: response.status, hint: body.hint, field: body.field});
  throw error;
}

export const get = path => fetch(path, {headers: {Accept: 'application/json'}}).then(answer);

const post = (path, body) =>
  fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)}).then(answer);

export const postSignIn = (staff, pin) => post('/api/sign-in', {staff, pin});
export const postSignOut = () => post('/api/sign-out', {});

// Runs a use case; asks who it is when nobody is signed in.
export async function act(path, values) {
  const body = Object.fromEntries(Object.entries(values).filter(([, v]) => v !== '' && v !== null && v !== undefined));
  try {
    return await post(`/api/do/${path}`, body);
  } catch (error) {
    if (error.status !== 401 || !(await signIn())) throw error;
    return post(`/api/do/${path}`, body);
  }
}
