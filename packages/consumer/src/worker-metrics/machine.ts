/** This machine as worker metrics see it; tests put another in its place. */
import { existsSync, readFileSync } from 'node:fs'
import { startTimer, stopTimer } from '@millrace/core/internal'
import { isEc2Firmware, type MachineFacts } from './choose-source.ts'

export interface Machine {
  readonly platform: string
  readonly environment: Readonly<Record<string, string | undefined>>
  exists(path: string): boolean
  /**
   * At once, not by the thread pool: these are kernel files, made on the spot, and a reading must
   * not wait behind the pool's other work. @throws Error
   */
  readFile(path: string): string
  /** @throws Error also for an answer that is not 2xx */
  fetchText(url: string, signal: AbortSignal): Promise<string>
}

/** An agent on the same machine answers in milliseconds. */
const REQUEST_TIMEOUT_MS = 2000

export const thisMachine: Machine = {
  platform: process.platform,
  environment: process.env,
  exists: existsSync,
  readFile: (path) => readFileSync(path, 'latin1'),
  fetchText: async (url, signal) => {
    const timeout = new AbortController()
    const timer = startTimer(REQUEST_TIMEOUT_MS, () => timeout.abort())
    try {
      const response = await fetch(url, {
        // It would leave the machine.
        redirect: 'error',
        signal: AbortSignal.any([signal, timeout.signal]),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${url} answered ${response.status}`)
      return text
    } finally {
      stopTimer(timer)
    }
  },
}

const KUBERNETES_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'
const FIRMWARE = '/sys/devices/virtual/dmi/id'

export function factsOf(machine: Machine): MachineFacts {
  const { environment } = machine
  return {
    isLinux: machine.platform === 'linux',
    ecsMetadataUri:
      environment['ECS_CONTAINER_METADATA_URI_V4'] ?? environment['ECS_CONTAINER_METADATA_URI'],
    isKubernetes: machine.exists(KUBERNETES_TOKEN),
    isEc2: isEc2Firmware(
      textOf(machine, `${FIRMWARE}/sys_vendor`),
      textOf(machine, `${FIRMWARE}/bios_version`),
    ),
  }
}

/** Undefined when it cannot be read. */
export function textOf(machine: Machine, path: string): string | undefined {
  try {
    return machine.readFile(path)
  } catch {
    return undefined
  }
}
