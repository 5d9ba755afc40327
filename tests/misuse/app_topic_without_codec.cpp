// SPDX-License-Identifier: Apache-2.0
// says: weir: no codec for this type: make it an aggregate whose fields have one
#include <weir/weir.hpp>

#include <functional>

class callback {
public:
    callback() = default;

private:
    std::function<void()> f_;
};

int main() {
    weir::app app{"a"};
    app.topic<callback>("t");
}
