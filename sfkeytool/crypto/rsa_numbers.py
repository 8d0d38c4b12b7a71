"""Whether the numbers of an RSA key belong together: arithmetic, where a library's validation takes 25 to 320 ms."""

from sfkeytool.crypto.limits import MAX_MODULUS_BITS
from sfkeytool.model import Opaque


class RsaNumbers(Opaque, frozen=True):
    """RFC 8017, A.1.2. Secret but for the modulus and the public exponent."""

    modulus: int
    public_exponent: int
    private_exponent: int
    primes: tuple[int, int]
    exponents: tuple[int, int]
    coefficient: int

    @property
    def bits(self) -> int:
        return self.modulus.bit_length()

    def consistent(self) -> bool:
        """Whether the private numbers undo the public ones, if the primes are prime: that is taken on trust."""
        if self.bits > MAX_MODULUS_BITS:
            return True  # refused for its size; arithmetic with forged giants would take for ever
        p, q = self.primes
        if p == q or min(p, q, self.public_exponent) < 3 or not p & q & self.public_exponent & 1:
            return False
        numbers = (self.private_exponent, *self.exponents, self.coefficient, p, q)
        if p * q != self.modulus or min(numbers) < 1 or max(numbers) > self.modulus:
            return False
        return (
            self.public_exponent * self.private_exponent % (p - 1) == 1
            and self.public_exponent * self.private_exponent % (q - 1) == 1
            and self.exponents == (self.private_exponent % (p - 1), self.private_exponent % (q - 1))
            and self.coefficient * q % p == 1
        )
