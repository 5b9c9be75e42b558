// Which numbers must nothing be opened under? Those of the standard streams, also when whoever
// started this program has closed them.
#pragma once

namespace rm::cli {

// Takes the numbers that are free, so that what is opened next (a store, a file for JSON) is not
// read or written as one of these streams. To use them fails as if they were closed, and to what is
// executed they are.
void ReserveStandardStreams();

}  // namespace rm::cli
