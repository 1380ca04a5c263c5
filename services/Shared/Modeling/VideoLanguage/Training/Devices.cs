using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace DemoVlp.Modeling.VideoLanguage.Training;

internal static class Devices
{
    /// <summary>Moves a network before an optimiser is made: moving replaces the parameters.</summary>
    internal static Module Move(Module network, Device? device) => device is null ? network : network.to(device);
}
