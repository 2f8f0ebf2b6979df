import type { Device } from '../../generated/client.ts';
import { devicePath } from '../../route.ts';

/** Which devices are selected, by the path of their page: `devices`, or all that match the filter but `devices`. */
export interface Selection {
  readonly isAll: boolean;
  readonly devices: ReadonlyMap<string, Device>;
}

/** None. */
export const NOTHING: Selection = { isAll: false, devices: new Map() };

/** Whether a device is selected. */
export function isSelected(selection: Selection, device: Device): boolean {
  return selection.isAll !== selection.devices.has(devicePath(device));
}

/** The selection with devices put in or taken out; of all that match, those taken out are remembered. */
export function withDevices(selection: Selection, devices: readonly Device[], isIn: boolean): Selection {
  const listed = new Map(selection.devices);
  for (const device of devices) {
    if (isIn !== selection.isAll) listed.set(devicePath(device), device);
    else listed.delete(devicePath(device));
  }
  return { isAll: selection.isAll, devices: listed };
}

/** How many of the devices that match are selected. */
export function sizeOf(selection: Selection, matching: number): number {
  return selection.isAll ? Math.max(0, matching - selection.devices.size) : selection.devices.size;
}

/** Devices as CSV (RFC 4180), a heading first. */
export function csvOf(devices: readonly Device[]): string {
  const head = ['tenant', 'project', 'device', 'lastSeen', 'metrics'] as const;
  const lines = devices.map((device) => head.map((name) => cellOf(String(device[name]))).join());
  return `${[head.join(), ...lines].join('\r\n')}\r\n`;
}

/** A text that a spreadsheet would take for a formula is written as a text. */
function cellOf(text: string): string {
  const safe = /^[=+\-@\t]/.test(text) && text !== '-' ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
