// Builds elements from values; text is always text, never markup.
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  set(node, attributes);
  node.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false));
  return node;
}

const svgSpace = 'http://www.w3.org/2000/svg';
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(svgSpace, name);
  set(node, attributes);
  node.append(...children.flat().filter(c => c !== null && c !== undefined));
  return node;
}

function set(node, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
}

export const byId = id => document.getElementById(id);
export const fill = (node, ...children) => node.replaceChildren(...children.flat().filter(Boolean));

// Children built from items; a node whose item did not change stays the same node, so that a press of a button is not lost
// because the page was drawn again between down and up.
const built = new WeakMap();
export function keep(parent, items, build) {
  const before = built.get(parent) || new Map();
  const after = new Map();
  for (const item of items) {
    const text = JSON.stringify(item);
    after.set(text, before.get(text) || build(item));
  }
  built.set(parent, after);
  const nodes = [...after.values()];
  if (nodes.length !== parent.childNodes.length || nodes.some((node, i) => node !== parent.childNodes[i])) parent.replaceChildren(...nodes);
}
