// SPDX-License-Identifier: Apache-2.0
// says: weir: the stream has no key type, so its keys may be null
// names: key_can_be_null<int>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto keyed = app.topic<int, int>("keyed");
    app.agent("x", app.topic<int>("t") | weir::echo(keyed));
}
