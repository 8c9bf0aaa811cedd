//! The admission protocol: review in, response out; the TLS server; certificates.
