import { NextResponse } from 'next/server';

export function middleware(request) {
  if (request.nextUrl.pathname === '/old') return NextResponse.redirect(new URL('/', request.url));
  const response = NextResponse.next();
  response.headers.set('x-through', 'middleware');
  return response;
}
