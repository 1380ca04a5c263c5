using DemoVlp.Modeling.Native;
using static TorchSharp.torch;

namespace DemoVlp.Modeling.Tests;

public sealed class TorchNativeLibraryTests
{
    [Fact]
    public void EnsureLoadable_OnThisSystem_TensorsCompute()
    {
        TorchNativeLibrary.EnsureLoadable();
        using var product = ones(2, 3).matmul(ones(3, 2));
        Assert.Equal([3f, 3f, 3f, 3f], product.data<float>().ToArray());
    }
}
