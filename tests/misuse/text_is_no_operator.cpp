// SPDX-License-Identifier: Apache-2.0
// says: weir: a name is no operator: to("dear") sends to a topic of this name
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | "dear");
}
