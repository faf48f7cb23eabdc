package codehaven.cli;

/** A setting, or a surrounding that the program needs, is not right; the message is one sentence for the user. */
final class WrongSetting extends RuntimeException {
    WrongSetting(String sentence) {
        super(sentence);
    }
}
