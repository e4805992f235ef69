/**
 * Turns the headings of a `data-sortable` table into buttons that sort its rows. Runs in the browser as it stands; without it
 * the table is in the order of the labels.
 */
export const SORT_SCRIPT = `'use strict';
for (const table of document.querySelectorAll('table[data-sortable]')) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const valueOf = (row, column, kind) => {
    const cell = row.cells[column];
    return kind === 'number' ? Number(cell.dataset.value) : cell.textContent;
  };
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const kind = head.dataset.kind;
      const wasAscending = head.getAttribute('aria-sort') === 'ascending';
      const direction = wasAscending ? -1 : 1;
      const rows = [...body.rows].sort((a, b) => {
        const [left, right] = [valueOf(a, column, kind), valueOf(b, column, kind)];
        return direction * (kind === 'number' ? left - right : left.localeCompare(right, 'en', { numeric: true }));
      });
      body.append(...rows);
      for (const other of heads) other.setAttribute('aria-sort', 'none');
      head.setAttribute('aria-sort', wasAscending ? 'descending' : 'ascending');
    });
  });
}
`;
