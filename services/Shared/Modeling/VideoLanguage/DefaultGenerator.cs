namespace DemoVlp.Modeling.VideoLanguage;

/// <summary>torch's default generator of random numbers, which all threads share.</summary>
internal static class DefaultGenerator
{
    /// <summary>Held from seeding to the last number that follows from the seed, and by whatever else draws.</summary>
    internal static readonly Lock Gate = new();
}
