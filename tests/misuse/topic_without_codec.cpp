// SPDX-License-Identifier: Apache-2.0
// says: weir: a topic's key and value need a codec: an aggregate, or a weir::codec<T> of your own
#include <weir/weir.hpp>

class secret {
public:
    explicit secret(int) {}
};

int main() {
    weir::app app{"a"};
    weir::topic<secret> t{app.topic("t").info()};
    app.agent("x", t | weir::for_each([](const secret&) {}));
}
