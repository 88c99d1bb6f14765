"""A mail server for tests: aiosmtpd, which stores the emails in a Maildir.

    server.py FOLDER none|starttls|implicit [CERTIFICATE KEY USER PASSWORD]

Prints its port. Then it prints the Message-ID of every email when it is in the folder, before it
replies to the client.
"""

import asyncio
import ssl
import sys

from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP, AuthResult


class Telling(Mailbox):
    def handle_message(self, message):
        super().handle_message(message)
        print(message["Message-ID"], flush=True)


async def serve(folder, tls, certificate=None, key=None, user=None, password=None):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)

    def is_known(server, session, envelope, mechanism, login):
        known = (login.login, login.password) == (user.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    handler = Telling(folder)
    options = {"hostname": "mail.test", "enable_SMTPUTF8": False}
    if user:
        options.update(authenticator=is_known, auth_required=True)
        # aiosmtpd does not detect implicit TLS, and then would offer no AUTH.
        options.update(auth_require_tls=tls != "implicit")
    if tls == "starttls":
        options.update(tls_context=context, require_starttls=True)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, **options),
        "127.0.0.1",
        0,
        ssl=context if tls == "implicit" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
