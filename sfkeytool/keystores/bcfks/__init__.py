"""Our codec of Bouncy Castle's BCFKS keystores, whose ASN.1 module Bouncy Castle publishes with its source.

    ObjectStore ::= SEQUENCE { SEQUENCE { AlgorithmIdentifier, OCTET STRING }, integrity check }
    integrity check ::= SEQUENCE { AlgorithmIdentifier of an HMAC, that of a key derivation, OCTET STRING }
    ObjectStoreData ::= SEQUENCE { version, the HMAC again, created, modified, SEQUENCE OF ObjectData, comment? }
    ObjectData ::= SEQUENCE { type, identifier, created, modified, OCTET STRING, comment? }

The first OCTET STRING is an encrypted ObjectStoreData. Each entry that holds a key is encrypted once more in there.
Certificates are seen, therefore, by those alone who have the password.
"""
