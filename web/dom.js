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
