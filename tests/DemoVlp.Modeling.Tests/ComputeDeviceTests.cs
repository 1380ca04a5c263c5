using TorchSharp;

namespace DemoVlp.Modeling.Tests;

public sealed class ComputeDeviceTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("auto")]
    public void Choose_WhenNothingIsAskedFor_TakesTheGpuOnlyIfThereIsOne(string? setting) =>
        Assert.Equal(torch.cuda.is_available() ? DeviceType.CUDA : DeviceType.CPU, ComputeDevice.Choose(setting).type);

    [Fact]
    public void Choose_WhenTheCpuIsAskedFor_IsTheCpu() => Assert.Equal(DeviceType.CPU, ComputeDevice.Choose("cpu").type);

    [Theory]
    [InlineData("abacus")]
    [InlineData("CPU")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:200")]
    public void Choose_WhenThereIsNoSuchDevice_SaysSoInOneSentence(string setting)
    {
        var e = Assert.Throws<ComputeDeviceException>(() => ComputeDevice.Choose(setting));
        Assert.Equal("device-unavailable", e.Code);
        Assert.Matches($@"^Compute:Device is '{setting}'.*\.$", e.Message);
    }
}
