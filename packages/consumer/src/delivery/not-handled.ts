/** How a handler call ends that was taken back: no failure, and nothing of it is done. */
export class NotHandled extends Error {}
