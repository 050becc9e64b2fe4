interface Hono {
  get(path: string, handler: (context: { text(text: string): Response }) => Response): void
  fetch(request: Request): Response | Promise<Response>
}

// Not a build dependency. The name is no constant, so that TypeScript does not look for its types.
const name: string = 'hono'
const { Hono } = (await import(name)) as { Hono: new () => Hono }

export const app = new Hono()
app.get('/', context => context.text('hello world\n'))
