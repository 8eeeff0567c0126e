// How people sign in here, as the server has written it into the page: http/sign_in_offer.py.

export interface Offer {
  issuer: string;
  clientId: string | null; // null: this page was given none, so it only reads
  scopes: string;
  audience: string;
}

// undefined where nobody signs in and anybody may do anything.
export const offer: Offer | undefined = read();

function read(): Offer | undefined {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="partyfinder-sign-in"]');
  return meta ? (JSON.parse(meta.content) as Offer) : undefined;
}
