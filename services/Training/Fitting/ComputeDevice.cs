using TorchSharp;

namespace DemoVlp.Training.Fitting;

/// <summary>Reads <c>Compute:Device</c>: <c>cpu</c>, <c>cuda</c>, or <c>auto</c> (the default), which takes the GPU if there is one.</summary>
internal static class ComputeDevice
{
    public static torch.Device Choose(IConfiguration configuration) => configuration["Compute:Device"] switch
    {
        null or "" or "auto" => torch.cuda.is_available() ? torch.CUDA : torch.CPU,
        "cpu" => torch.CPU,
        "cuda" => torch.CUDA,
        var other => throw new InvalidOperationException($"Compute:Device is '{other}'; it must be 'auto', 'cpu' or 'cuda'."),
    };
}
