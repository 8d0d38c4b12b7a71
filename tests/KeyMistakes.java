import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.concurrent.Callable;
import javax.crypto.spec.SecretKeySpec;

/** Makes the mistakes of java_mistakes.py in the folder of its files, and prints what Java throws. */
public class KeyMistakes {
    static byte[] bytes(String name) throws Exception {
        return Files.readAllBytes(Paths.get(name));
    }

    static KeyStore load(String type, String name, String password) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(new ByteArrayInputStream(bytes(name)), password == null ? null : password.toCharArray());
        return store;
    }

    static Object key(byte[] encoded) throws Exception {
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(encoded));
    }

    static Object set(java.security.Key key) throws Exception {
        KeyStore store = KeyStore.getInstance("JKS");
        store.load(null, null);
        store.setKeyEntry("x", key, "changeit".toCharArray(), new Certificate[0]);
        return store;
    }

    static void make(String mistake, Callable<?> call) {
        try {
            call.call();
        } catch (Exception thrown) {
            System.out.println("## " + mistake);
            System.out.println(thrown);
            for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
                System.out.println("Caused by: " + cause);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("# " + System.getProperty("java.version"));
        char[] right = "changeit".toCharArray();
        String[] files = {"pay.jks", "pay.p12", "pay.crt", "pay.cer", "pay.b64", "utf8.jks", "cut.jks", "cut.p12"};
        for (String type : new String[] {"JKS", "PKCS12"}) {
            for (String name : files) {
                make(type + " " + name, () -> load(type, name, "changeit"));
            }
        }
        make("JKS wrong password", () -> load("JKS", "pay.jks", "wrong-one"));
        make("PKCS12 wrong password", () -> load("PKCS12", "pay.p12", "wrong-one"));
        make("JKS key's password", () -> load("JKS", "two.jks", "changeit").getKey("pay", right));
        make("PKCS12 key's password", () -> load("PKCS12", "pay.p12", "changeit").getKey("pay", "no".toCharArray()));
        make("JKS no password", () -> load("JKS", "pay.jks", "changeit").getKey("pay", null));
        make("JKS no chain", () -> set(load("JKS", "pay.jks", "changeit").getKey("pay", right)));
        make("JKS secret key", () -> set(new SecretKeySpec(new byte[16], "AES")));
        make("BCFKS without provider", () -> KeyStore.getInstance("BCFKS"));
        for (String name : new String[] {"pay.key", "pkcs1.der", "sec1.der", "locked.der", "pay.cer", "ec.der", "empty"}) {
            make("KeyFactory " + name, () -> key(bytes(name)));
        }
        make("Base64 pay.key", () -> Base64.getDecoder().decode(bytes("pay.key")));
        for (String name : new String[] {"pay.key", "empty"}) {
            make("Certificate " + name, () -> CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(bytes(name))));
        }
        if (arguments.length > 0) {
            bouncyCastle(right);
        }
    }

    static void bouncyCastle(char[] right) throws Exception {
        Class<?> provider = Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider");
        Security.insertProviderAt((Provider) provider.getDeclaredConstructor().newInstance(), 1);
        KeyStore jks = KeyStore.getInstance("JKS", "SUN");
        jks.load(new ByteArrayInputStream(bytes("pay.jks")), right);
        for (String type : new String[] {"BCFKS", "BKS", "PKCS12"}) {
            KeyStore store = KeyStore.getInstance(type, "BC");
            store.load(null, null);
            store.setKeyEntry("pay", jks.getKey("pay", right), right, jks.getCertificateChain("pay"));
            Path file = Paths.get("made." + type);
            store.store(Files.newOutputStream(file), right);
            Files.write(Paths.get("made-cut." + type), java.util.Arrays.copyOf(bytes(file.toString()), 700));
            make("BC " + type + " wrong password", () -> load(type, "made." + type, "wrong-one"));
            make("BC " + type + " cut", () -> load(type, "made-cut." + type, "changeit"));
            make("BC " + type + " pay.crt", () -> load(type, "pay.crt", "changeit"));
            make("BC " + type + " pay.jks", () -> load(type, "pay.jks", "changeit"));
            make("BC " + type + " key's password", () -> load(type, "made." + type, "changeit")
                .getKey("pay", "wrong-one".toCharArray()));
        }
    }
}
