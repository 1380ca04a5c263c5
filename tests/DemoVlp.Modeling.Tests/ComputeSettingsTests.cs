using DemoVlp.Modeling.VideoLanguage;
using TorchSharp;

namespace DemoVlp.Modeling.Tests;

public sealed class ComputeSettingsTests : IDisposable
{
    private readonly int before = torch.get_num_threads();

    public void Dispose() => torch.set_num_threads(before);

    [Fact]
    public void Apply_WhenNothingIsSet_ComputesInFloat32OnAllProcessors()
    {
        var settings = ComputeSettings.Apply(_ => null);
        Assert.Equal((ComputePrecision.Float32, Environment.ProcessorCount), (settings.Precision, settings.Threads));
    }

    [Fact]
    public void Apply_WhenAllIsSet_DoesAsItIsTold()
    {
        var settings = Apply(("Device", "cpu"), ("Precision", "bfloat16"), ("Threads", "3"));
        Assert.Equal((DeviceType.CPU, ComputePrecision.BFloat16), (settings.Device.type, settings.Precision));
        Assert.Equal(3, torch.get_num_threads());
    }

    [Theory]
    [InlineData("Precision", "half")]
    [InlineData("Precision", "BFloat16")]
    [InlineData("Threads", "0")]
    [InlineData("Threads", "-1")]
    [InlineData("Threads", "2000")]
    [InlineData("Threads", "two")]
    public void Apply_WhenAValueIsNone_SaysSoInOneSentence(string key, string value)
    {
        var e = Assert.Throws<ComputeSettingException>(() => Apply(("Device", "cpu"), (key, value)));
        Assert.Equal("compute-setting-invalid", e.Code);
        Assert.Matches($@"^Compute:{key} is '{value}'; it must be [^.]*\.$", e.Message);
        Assert.Equal(before, torch.get_num_threads());
    }

    [Fact]
    public void Apply_WhenTheDeviceCannotBeUsed_SaysSo() => Assert.Throws<ComputeDeviceException>(() => Apply(("Device", "abacus")));

    private static ComputeSettings Apply(params (string Key, string Value)[] settings) =>
        ComputeSettings.Apply(settings.ToDictionary(s => "Compute:" + s.Key, s => s.Value).GetValueOrDefault);
}
