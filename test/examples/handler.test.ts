// The example is a test file itself: it is run as it stands.
import "../../examples/handler.test.ts";
